"""Which names a cell gives to the others and which it takes from them, read from its code; nothing is run."""

import ast
import symtable


def names_of(source):
    """Names that a cell gives at its top level, and names that it needs from elsewhere."""
    table = symtable.symtable(source, "cell", "exec")
    given = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    free = {s.get_name() for inner in _inner(table) for s in inner.get_symbols() if s.is_global()} - given
    done = set()
    for statement in ast.parse(source).body:
        nodes = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        loads = {node.id for node in nodes if isinstance(node.ctx, ast.Load)}
        stores = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
        local = {
            n.id
            for c in ast.walk(statement)
            if isinstance(c, ast.comprehension)
            for n in ast.walk(c.target)
            if isinstance(n, ast.Name)
        }
        local |= {a.arg for f in ast.walk(statement) if isinstance(f, ast.Lambda) for a in f.args.args}
        loads, stores = loads - local, stores - local
        if isinstance(statement, ast.AugAssign):
            loads |= stores
        elif isinstance(statement, (ast.For, ast.While, ast.With, ast.If, ast.Try)):
            loads -= stores  # as a rule given by its own head
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            free |= loads - done
        done |= stores | ({statement.name} if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) else set())
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            done |= {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    return given, free


def _inner(table):
    for child in table.get_children():
        yield child
        yield from _inner(child)
