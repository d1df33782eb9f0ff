"""Parameters of each variant: drawn by the course's seed from the values that the course allows."""

import ast
import copy
import zlib

import numpy as np

from workbench.course.exercises import source_of
from workbench.runner import parameters, project


def values(course, study, variant):
    """The parameters that variant ``variant`` (from 1) of a study changes; empty for a course without variants."""
    if variant is None:
        return {}
    words = [course.seed, variant, zlib.crc32(study.encode())]
    rng = np.random.default_rng(np.random.SeedSequence(words))
    chosen = {}
    for name, allowed in sorted(course.variants.get(study, {}).items()):
        chosen[name] = allowed[int(rng.integers(len(allowed)))]
    declared = parameters.declared(project.load(study).notebook, study)
    if "seed" in declared:
        chosen["seed"] = int(rng.integers(1, 2**31))
    return chosen


def with_values(notebook, chosen):
    """The notebook with new defaults in its parameters cell, and no outputs: those belonged to the old ones."""
    if not chosen:
        return copy.deepcopy(notebook)
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        cell["outputs"], cell["execution_count"] = [], None
        if parameters.TAG in cell["metadata"].get("tags", []):
            cell["source"] = _assigned(source_of(cell), chosen)
    return notebook


def _assigned(source, chosen):
    lines = source.splitlines()
    for node in ast.parse(source).body:
        target = getattr(node, "target", None) or (getattr(node, "targets", None) or [None])[0]
        if isinstance(target, ast.Name) and target.id in chosen and node.value.lineno == node.value.end_lineno:
            line = lines[node.value.lineno - 1].encode()  # offsets count bytes
            value = repr(chosen[target.id]).encode()
            lines[node.value.lineno - 1] = (
                line[: node.value.col_offset] + value + line[node.value.end_col_offset :]
            ).decode()
    return "\n".join(lines)
