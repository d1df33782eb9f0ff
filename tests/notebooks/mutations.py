"""Run a notebook's claims in this process, with a piece of a study's source replaced: what do the verdicts say?"""

import inspect

from workbench.runner import project


def claims_after(monkeypatch, study, package, module=None, old="", new="", cells=("parameters", "setup", "claims")):
    """Verdicts by claim after replacing ``old`` by ``new`` in a module of the study's package.

    The cells whose ids start with one of ``cells`` are executed at the smoke preset; ``package`` is the study's
    package, whose modules and names see the changed functions.
    """
    if module:
        _replace(monkeypatch, package, module, old, new)
    loaded = project.load(study)
    namespace = {}
    for cell in loaded.notebook["cells"]:
        if cell["cell_type"] == "code" and cell["id"].startswith(cells):
            exec("".join(cell["source"]), namespace)
            if cell["id"] == "parameters":
                namespace.update(loaded.presets["smoke"])
    return {claim.identifier: claim.verdict for claim in namespace["claims"]}


def _replace(monkeypatch, package, module, old, new):
    source = inspect.getsource(module)
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {module.__name__}"
    changed = {"__name__": module.__name__}
    exec(compile(source.replace(old, new), module.__file__, "exec"), changed)
    holders = [package, *(value for value in vars(package).values() if inspect.ismodule(value))]
    for name, function in changed.items():
        present = getattr(module, name, None)
        if inspect.isfunction(function) and present is not None:
            for holder in holders:
                if getattr(holder, name, None) is present:
                    monkeypatch.setattr(holder, name, function)
