"""A notebook's exercises: text, solution cell, check cell. Marked as nbgrader marks them, and stripped as it strips."""

import ast
import copy
import re
from dataclasses import dataclass

from workbench.errors import UserError
from workbench.runner.names import names_of

STUB = "# YOUR CODE HERE\n{indent}raise NotImplementedError()"
_REGION = r"([ \t]*)### BEGIN {name}.*?### END {name}[^\n]*\n?"
_SOLUTION = re.compile(_REGION.format(name="SOLUTION"), re.DOTALL)
_HIDDEN = re.compile(r"[ \t]*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[^\n]*\n?", re.DOTALL)


@dataclass(frozen=True)
class Exercise:
    """One exercise; ``number`` is the one in its text, "**Exercise 2 (derive).**"."""

    number: int
    title: str
    solution_id: str  # nbgrader's grade_id of the cell to be filled in
    check_id: str
    points: int
    solution: str  # sources of the cells
    check: str

    @property
    def messages(self):
        """What the checks say when they fail: the common mistakes, as far as they can be told without the values."""
        found = []
        for node in ast.walk(ast.parse(self.check)):
            if isinstance(node, ast.Assert) and node.msg is not None:
                found.append(_text(node.msg))
        return found

    @property
    def answers(self):
        """Names that the check cell assigns at its top level: what the solution gives, as values."""
        names = []
        for statement in ast.parse(self.check).body:
            if isinstance(statement, ast.Assign):
                for node in (node for target in statement.targets for node in ast.walk(target)):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in names:
                        names.append(node.id)
        return names


def source_of(cell):
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def exercises(notebook, name="the notebook"):
    """The exercises of a notebook, in order.

    Raises
    ------
    UserError
        Where a solution cell is not followed by its check.
    """
    found, waiting, text = [], None, ""
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader")
        if cell["cell_type"] == "markdown":
            text = source_of(cell)
        elif mark and mark["solution"]:
            waiting = (mark["grade_id"], source_of(cell), *_title(text, len(found) + 1))
        elif mark and mark["grade"]:
            if waiting is None:
                raise UserError(f"{name}: the check {mark['grade_id']!r} has no solution cell before it")
            solution_id, solution, title, number = waiting
            found.append(
                Exercise(number, title, solution_id, mark["grade_id"], mark["points"], solution, source_of(cell))
            )
            waiting = None
    if waiting is not None:
        raise UserError(f"{name}: the solution cell {waiting[0]!r} is not followed by a check")
    return found


def keep(notebook, numbers):
    """The notebook with only the exercises of these numbers: text, solution and check of the others are taken out."""
    notebook = copy.deepcopy(notebook)
    gone = {e for e in exercises(notebook) if e.number not in numbers}
    marks = {name for e in gone for name in (e.solution_id, e.check_id)}
    cells, kept = notebook["cells"], []
    for index, cell in enumerate(cells):
        if _mark(cell) in marks:
            continue
        following = cells[index + 1] if index + 1 < len(cells) else None
        if cell["cell_type"] == "markdown" and following is not None and _mark(following) in marks:
            # a heading that opens the section stays, the exercise below it goes
            opening = source_of(cell).split("**Exercise")[0].rstrip()
            if not opening:
                continue
            cell["source"] = opening
        kept.append(cell)
    notebook["cells"] = kept
    return notebook


def strip(notebook):
    """The student version: solutions replaced by a stub, hidden tests gone, no outputs of exercises; checks locked."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        if _mark(cell) is None:
            continue
        source = _SOLUTION.sub(lambda m: m[1] + STUB.format(indent=m[1]) + "\n", source_of(cell))
        cell["source"] = _HIDDEN.sub("", source).rstrip("\n")
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        if cell["metadata"]["nbgrader"]["locked"]:
            cell["metadata"] |= {"editable": False, "deletable": False}
    return notebook


def needed(notebook, wanted):
    """The code cells that the cells with these nbgrader marks need, in order and without them.

    Needed is the parameters cell, and for each name that a needed cell takes from elsewhere, the last cell before it
    that gives this name (by assignment, import or definition). What a cell only changes in place is not seen.
    """
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    facts = [names_of(source_of(cell)) for cell in cells]
    chosen = {i for i, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", [])}
    waiting = [*chosen, *(i for i, cell in enumerate(cells) if _mark(cell) in wanted)]
    while waiting:
        index = waiting.pop()
        for name in facts[index][1]:
            giver = next((i for i in range(index - 1, -1, -1) if name in facts[i][0]), None)
            if giver is not None and giver not in chosen and _mark(cells[giver]) is None:
                chosen.add(giver)
                waiting.append(giver)
    return [cells[index] for index in sorted(chosen)]


def _mark(cell):
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def _title(text, default):
    match = re.search(r"\*\*Exercise (\d+) \((.*?)\)", text)
    return (match[2], int(match[1])) if match else ("exercise", default)


def _text(node):
    """A message with its values left out."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    return "…"
