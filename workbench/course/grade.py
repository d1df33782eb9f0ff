"""Grade a submission: the student's solution cells between the course's own cells and checks, in a kernel of their own.

Nothing but the cells to be filled in is taken from a submission. They run in a copy of the student's folder, with a
limit on the time of each cell and of the notebook, on memory, and on what is printed; whatever a submission does costs
its own points and nothing else.
"""

import contextlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workbench.course.exercises import exercises, needed, source_of
from workbench.runner.kernels import kernel_manager, private_folder
from workbench.runner.limits import Watchdog, show_bytes

PRINTED = 2**18  # bytes of output that one cell may make
_BOUNDED = f"__import__('workbench.course.bounded').course.bounded.install({4 * PRINTED})"  # run when a kernel starts
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Result:
    """Points for one exercise, why they are not all there, and the values that the check cell assigned."""

    exercise: object
    points: int
    reason: str
    answers: dict


def run_exercises(source, submission, seconds, memory, folder=None):
    """Grade one notebook.

    Parameters
    ----------
    source : dict
        The instructor's notebook, with solutions.
    submission : dict
        The student's; only its solution cells are used.
    seconds : float
        For each cell, and three times as much for the whole notebook.
    memory : int
        Bytes that its process may hold.
    folder : path, optional
        The student's folder, a copy of which is the working folder.

    Returns
    -------
    list of Result, in the order of the exercises
    """
    asked, given = exercises(source), _solutions(submission)
    cells = [dict(cell_type="code", source=source_of(cell)) for cell in needed(source, _marks(asked))]
    places = {}
    for exercise in asked:
        own = given.get(exercise.solution_id, [])
        if len(own) == 1:
            cells.append(dict(cell_type="code", source=own[0]))
        places[exercise.number] = len(cells)
        cells.append(dict(cell_type="code", source=exercise.check + _report(exercise)))
    executed, ended = _execute(cells, seconds, memory, folder)
    return [
        _result(exercise, given.get(exercise.solution_id, []), executed, places[exercise.number], ended)
        for exercise in asked
    ]


def _marks(asked):
    return {mark for exercise in asked for mark in (exercise.solution_id, exercise.check_id)}


def _solutions(submission):
    found = {}
    for cell in submission["cells"]:
        mark = cell.get("metadata", {}).get("nbgrader")
        if cell["cell_type"] == "code" and isinstance(mark, dict) and mark.get("solution") and not mark.get("locked"):
            found.setdefault(mark.get("grade_id"), []).append(source_of(cell))
    return found


def _report(exercise):
    """A last line that shows the check's values; they are for the instructor and carry no points."""
    names = ", ".join(f"{name!r}: repr({name})[:200]" for name in exercise.answers)
    return f"\nprint({{{names}}})" if names else ""


def _result(exercise, own, executed, place, ended):
    if not own:
        return Result(exercise, 0, "the cell to be filled in is missing", {})
    if len(own) > 1:
        return Result(exercise, 0, "the cell to be filled in is there more than once", {})
    for cell in executed[place - 1 : place + 1]:
        reply = cell.get("reply")  # not the outputs: a submission can flood those until an error is lost
        if reply is None:
            return Result(exercise, 0, ended or "the notebook ended before this check", {})
        if reply.get("status") == "ok":
            continue
        name, value = reply.get("ename", "error"), _ANSI.sub("", reply.get("evalue", "")).strip()
        if name == "NotImplementedError":
            return Result(exercise, 0, "not filled in (NotImplementedError)", {})
        if name == "KeyboardInterrupt":
            return Result(exercise, 0, cell.get("stopped") or "took too long", {})
        said = value[:2000] if name == "AssertionError" and value else f"{name}: {value[:500]}"
        return Result(exercise, 0, said, {})
    printed = "".join(
        output.get("text", "") for output in executed[place]["outputs"] if output["output_type"] == "stream"
    )
    return Result(exercise, exercise.points, "", _parsed(printed.strip().rpartition("\n")[2]))


def _parsed(line):
    import ast

    with contextlib.suppress(ValueError, SyntaxError):
        value = ast.literal_eval(line)
        return value if isinstance(value, dict) else {}
    return {}


def _execute(cells, seconds, memory, folder):
    """The cells after execution, and why the kernel ended early (None if it did not)."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell["source"]) for cell in cells])

    class Client(NotebookClient):
        printed, over = 0, False

        async def async_execute_cell(self, cell, index, **options):
            self.printed, self.over = 0, False
            try:
                await super().async_execute_cell(cell, index, **options)
            finally:
                if self.over:
                    cell["stopped"] = f"printed more than {show_bytes(PRINTED)}"
            return cell

        def process_message(self, message, cell, index):
            self.printed += len(str(message.get("content", "")))
            if self.printed <= PRINTED or message["msg_type"] in ("status", "error"):
                return super().process_message(message, cell, index)
            if not self.over:
                self.over = True
                from jupyter_core.utils import run_sync

                with contextlib.suppress(RuntimeError):
                    run_sync(self.km.interrupt_kernel)()
            return None

    ended = None
    with (
        tempfile.TemporaryDirectory(prefix="workbench-grade-", ignore_cleanup_errors=True) as copy,
        private_folder() as private,
    ):
        work = Path(copy) / "work"
        if folder is None:
            work.mkdir()
        else:
            shutil.copytree(folder, work, symlinks=True, ignore_dangling_symlinks=True)
        started = []
        with open(Path(private) / "stderr", "ab") as log, Watchdog(3 * seconds, memory) as watchdog:

            def has_process(pid):
                started.append(pid)
                watchdog.watch(pid)

            client = Client(
                notebook,
                timeout=int(seconds) or 1,
                interrupt_on_timeout=True,
                allow_errors=True,
                kernel_name="python3",
                on_cell_executed=lambda cell, cell_index, execute_reply: cell.update(reply=execute_reply["content"]),
                kernel_manager_class=kernel_manager(private, log, has_process),
                resources={"metadata": {"path": str(work)}},
                extra_arguments=[f"--IPKernelApp.exec_lines={_BOUNDED}"],
            )
            try:
                client.execute()
            except (DeadKernelError, CellTimeoutError):
                ended = f"the notebook {watchdog.reason}" if watchdog.reason else "the kernel died"
            except Exception as error:  # an odd message of the submission's must not stop the others' grading
                ended = f"the notebook ended: {type(error).__name__}"
    return notebook.cells, ended
