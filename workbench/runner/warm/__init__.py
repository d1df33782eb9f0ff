"""Warm kernels: a process that has imported the stack once, and forks a pristine one for each notebook.

``client.fork`` hands out such processes; the provisioner (for every Jupyter tool) and the papermill engine (for sweeps)
make kernels of them. Where forking is unsafe both use ordinary kernels, and say so once.
"""
