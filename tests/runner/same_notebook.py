"""Notebooks of trouble, and the comparison of what two executors make of one notebook."""

import copy
import re

import nbformat
import pytest

# Run as one notebook, since none of them ends it.
TROUBLE = {
    "streams": [
        "print('out'); import sys; print('err', file=sys.stderr); print('out again')",
        "sys.stdout.write('no newline'); sys.stdout.flush(); sys.stderr.write('x'); print(); 7",
        "import time\nfor i in range(3):\n    print(i); time.sleep(0.3)",
        "print('😀 é', end=''); 'unicode ☃'",
    ],
    "descriptors": [
        "import os\nos.write(1, b'to the descriptor\\n'); None",
        # no result to show: an ordinary kernel may read the child's output before or after it
        "code = os.system('echo from a child')",
    ],
    "rich": [
        "from IPython.display import HTML, JSON, Image, Latex, Markdown, display",
        "display(HTML('<b>b</b>'), Markdown('*m*'))",
        "Latex('$x$')",
        "display({'application/vnd.test+json': {'a': [1, None, 2.5]}, 'text/plain': 'plain'}, raw=True)",
        "display(JSON({'a': 1}), metadata={'x': 'y'})",
        "class Rich:\n    def _repr_html_(self): return '<i>i</i>'\n    def __repr__(self): return 'rich'\nRich()",
        "1;",
        "display(Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + b'0' * 20, format='png'))",
    ],
    "update": [
        "from IPython.display import display, update_display\nhandle = display('first', display_id='one')",
        "display('twice', display_id='two')",
        "update_display('second', display_id='one'); display('again', display_id='two')",
        "handle.update('third')",
        "update_display('nobody', display_id='none')",
    ],
    "clear": [
        "from IPython.display import clear_output, display\nprint('gone'); clear_output(); print('kept')",
        "print('until the next'); clear_output(wait=True); print('next')",
        "print('stays'); clear_output(wait=True)",
        "for i in range(5):\n    clear_output(wait=True); display(i)",
        "h = display('a', display_id='c'); clear_output(); h.update('b'); display('c', display_id='c')",
    ],
    "allowed error": [
        ("raise KeyError('k')", ["raises-exception"]),
        "print('goes on')",
        "%%skip\n1",
    ],
    "large": [
        "print('x' * 3_000_000)",
        "for i in range(20_000):\n    print(i)",
        "from IPython.display import HTML\nHTML('<p>' + 'y' * 2_000_000 + '</p>')",
        "list(range(3000))",
    ],
    "help": [
        "len?",
        "print('shown')",
        "%pinfo len",
    ],
    "asynchronous": [
        "import asyncio\nawait asyncio.sleep(0.01); print('awaited')",
        "async def g():\n    await asyncio.sleep(0.01)\n    return 5\nawait g()",
        "task = asyncio.create_task(g())",
        "print(await task)",
        "async with asyncio.Lock():\n    print('locked')",
        "await asyncio.gather(g(), g())",
    ],
    "figures": [
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(2, 1))\nax.plot([1, 2, 3]); None",
        "plt.plot([3, 1]); plt.show(); print('after')",
        "fig",
        "plt.close('all'); plt.figure(figsize=(1, 1)); plt.title('t')",
        "print(plt.get_backend(), plt.isinteractive())",
    ],
    "logging": [
        "import logging\nlogging.warning('logged'); logging.getLogger('x').error('too')",
    ],
    "threads": [
        "import threading\nt = threading.Thread(target=lambda: print('from a thread')); t.start(); t.join()",
        "from concurrent.futures import ThreadPoolExecutor",
        "with ThreadPoolExecutor(2) as p:\n    print(list(p.map(abs, [-1, -2])))",
    ],
    "processes": [
        "import multiprocessing as mp\nfork = mp.get_context('fork')\ndef f(x):\n    return x * x",
        "with fork.Pool(2) as pool:\n    print(pool.map(f, [1, 2, 3]))",
        "p = fork.Process(target=print, args=('from a child',)); p.start(); p.join()",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(1 + 1)'], capture_output=True).stdout",
    ],
    "state": [
        "import os, sys, warnings, __main__\nprint(__name__, __main__.__dict__ is globals(), sys.path[0] == '')",
        "print(sys.argv[0].endswith('ipykernel_launcher.py'), [f.__name__ for _, _, f, *_ in warnings.filters])",
        "print(os.path.basename(os.getcwd()), os.environ['MPLBACKEND'], sys.stdin.read(), sys.getrecursionlimit())",
        "print(type(get_ipython()).__name__, 'IPKernelApp' in get_ipython().config)",
        "print(sys.stdout.isatty(), sys.stdout.encoding)",
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('workbench', 'papermill')))",
        "sorted(name for name in globals() if not name.startswith('_'))",
        "_, __, _3 if '_3' in globals() else None, In[-1], len(Out)",
    ],
    "records": [
        "import workbench\nworkbench.record('x', 1.5)\nworkbench.record('t', [{'a': 1}, {'a': float('nan')}])",
    ],
    "widgets": [
        "state = {'_model_name': 'M', '_model_module': 'm', '_model_module_version': '1', 'value': 3}",
        "from comm import create_comm\nc = create_comm(target_name='jupyter.widget', data={'state': state})",
        "c.send({'method': 'update', 'state': {'value': 4}})",
    ],
    "empty": [
        "",
        "   ",
        "# only a comment",
    ],
    "nan": [
        "from IPython.display import JSON, display\ndisplay({'application/json': {'x': float('nan')}}, raw=True)",
    ],
}

# Each ends its notebook, or needs one of its own.
ALONE = {
    "another backend": [
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])",
        "print(plt.isinteractive(), plt.get_backend(), plt.get_fignums(), matplotlib.rcParams['figure.dpi'])",
    ],
    "no pyplot": [
        "from matplotlib.figure import Figure\nimport matplotlib, sys\nfigure = Figure((1, 1)); figure.subplots()",
        "figure",
        "print(matplotlib.rcParams['figure.dpi'])",
    ],
    "constrained layout": [
        "import matplotlib.pyplot as plt\nfig, axes = plt.subplots(2, 2, figsize=(3, 2), layout='constrained')",
        "fig, axes = plt.subplots(1, 2, layout='tight'); axes[0].set_title('long ' * 9)",
    ],
    "magics": [
        "%matplotlib inline\n%config InlineBackend.figure_format = 'svg'",
        "%who_ls",
        "%%capture held\nprint('held')",
        "held.stdout",
        "!echo shell",
        "lines = !printf 'a\\nb'\nlines",
        "%%bash\necho from bash; echo complaint >&2",
        "%%writefile made.txt\ncontent",
        "%cat made.txt",
        "%history -n 1-2",
        "%env TROUBLE_VARIABLE=1\nimport os; os.environ['TROUBLE_VARIABLE']",
        "%lsmagic_not_there",
    ],
    "errors": [
        "def f(x):\n    return 1 / x\nprint('before')",
        "f(0)",
        "print('never')",
    ],
    "syntax error": [
        "print('before')",
        "a b c",
    ],
    "long error": [
        "class Odd(Exception):\n    def __str__(self): return 'two\\nlines'\nraise Odd() from ValueError('cause')",
    ],
    "input": [
        "input('name? ')",
    ],
    "getpass": [
        "import getpass\ngetpass.getpass()",
    ],
    "asynchronous error": [
        "async def bad():\n    raise ValueError('async')\nawait bad()",
        "1",
    ],
    "warnings": [
        "import warnings\nwarnings.warn('careful')\nwarnings.warn('old', DeprecationWarning)",
        "for _ in range(2):\n    warnings.warn('once')",
        "import numpy as np\nnp.array([1.0]) / 0",
        "warnings.simplefilter('error'); warnings.warn('raised')",
    ],
    "dies": [
        "print('before', flush=True)",
        "import os, time\nprint('last words', flush=True)\nos._exit(3)",
        "print('never')",
    ],
    "segfault": [
        "print('before')",
        "import ctypes\nctypes.string_at(0)",
        "1",
    ],
    "sys.exit": [
        "print('before')",
        "import sys\nsys.exit(0)",
        "print('never')",
    ],
    "sys.exit 3": [
        "import sys\nsys.exit(3)",
    ],
}


def notebook_of(cells):
    cells = [(cell, []) if isinstance(cell, str) else cell for cell in cells]
    return nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[
            nbformat.v4.new_markdown_cell("# Trouble"),
            nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]}),
            *(nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in cells),
        ],
    )


def comparable(notebook):
    """The notebook less what differs from run to run: times, identifiers, addresses, and how a stream was cut."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("papermill", None)
    if "widgets" in notebook.metadata:
        kinds = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
        notebook.metadata.widgets = sorted(map(str, kinds.values()))
    for cell in notebook.cells:
        cell.pop("id", None)
        marks = cell.metadata.pop("papermill", {})
        cell.metadata["status"] = (marks.get("status"), marks.get("exception"))
        cell.metadata["timed"] = sorted(cell.metadata.pop("execution", {}))
        cell["outputs"] = _whole_streams(cell.get("outputs", []))
        for output in cell["outputs"]:
            if "traceback" in output:
                output["traceback"] = [_tame(line) for line in output["traceback"]]
            if "text" in output:
                output["text"] = _tame(output["text"])
            if "text/plain" in output.get("data", {}):
                output["data"]["text/plain"] = _tame(output["data"]["text/plain"])
    return notebook


def _tame(text):
    text = re.sub(r"ipykernel_\d+/\d+", "ipykernel_N/N", text)
    if "UserWarning: Message serialization failed" in text:  # names the line that sends, which is not the same
        return "UserWarning: Message serialization failed"
    return re.sub(r"0x[0-9a-f]{6,}", "0xN", text)


def _whole_streams(outputs):
    """Between two outputs of another kind, each stream in one piece: how it is cut is a matter of milliseconds."""
    whole, texts = [], {}
    for output in outputs:
        if output["output_type"] == "stream":
            texts[output["name"]] = texts.get(output["name"], "") + output["text"]
            continue
        whole += [{"name": name, "text": texts[name]} for name in sorted(texts)] + [output]
        texts = {}
    return whole + [{"name": name, "text": texts[name]} for name in sorted(texts)]


@pytest.fixture(scope="module", autouse=True)
def own_zygotes(tmp_path_factory):
    """Zygotes of these tests' own, which end with them."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("z")
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        patch.setenv("WORKBENCH_PRELOAD", "numpy,matplotlib.pyplot")
        patch.delenv("PYTEST_CURRENT_TEST", raising=False)
        yield folder
        for socket in folder.glob("*/*.sock"):
            socket.unlink()
