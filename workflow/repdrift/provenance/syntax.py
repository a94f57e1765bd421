"""The syntax tree of a statement as lines of text, which are the same in every version of Python.

`ast.dump` does not serve: its text differs from one version of Python to the next. Comments and formatting are in no
syntax tree. Docstrings and what stands under ``if TYPE_CHECKING:`` are left out, for they do nothing.
"""

import ast
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Import = ast.Import | ast.ImportFrom
Name = tuple[str, ...]  # a name with its attributes: ("numpy", "linalg", "norm")

# Fields of nodes that say nothing that the rest of the tree does not say.
UNTOLD = {"ctx", "kind", "type_comment"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
BINDING = {"name", "arg", "rest"}  # fields of nodes that hold a name which is bound there
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
REGISTRY = "Registry"  # the annotation of a dictionary whose entries count one by one


@dataclass
class Lines:
    """The lines of a syntax tree, and what else is to be known of it.

    Attributes
    ----------
    lines : list of str
    names : list of (int, Name)
        The names that stand in the tree, with their attributes, and the number of the line of each.
    bound : set of str
        Names that are bound somewhere within the tree: parameters, local variables, the function's own name.
    imports : list of Import or ImportFrom
        Import statements within the tree. They have no lines: the names that they bind stand for what they import.
    """

    lines: list[str] = field(default_factory=list)
    names: list[tuple[int, Name]] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    imports: list[Import] = field(default_factory=list)


def linearised(node: ast.AST) -> Lines:
    """Give the lines of a syntax tree."""
    found = Lines()
    _append(found, node)
    return found


def _append(found: Lines, node: ast.AST) -> None:
    """Append a tree. Empty fields are left out, since newer versions of Python add some."""
    if isinstance(node, ast.Name):
        found.names.append((len(found.lines), (node.id,)))
        found.lines.append(f"Name {node.id}")
        if not isinstance(node.ctx, ast.Load):
            found.bound.add(node.id)
    elif isinstance(node, ast.Attribute) and (name := dotted(node)):
        found.names.append((len(found.lines), name))
        found.lines.append(as_written(name))
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        found.imports.append(node)
    elif isinstance(node, ast.If) and is_for_types(node):
        for statement in node.orelse:
            _append(found, statement)
    else:
        _append_fields(found, node)


def _append_fields(found: Lines, node: ast.AST) -> None:
    lines = found.lines
    lines.append(type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or name in UNTOLD:
            continue
        if isinstance(value, ast.AST):
            lines.append(name)
            _append(found, value)
        elif isinstance(value, list):
            if name in SHORTENED:
                value = SHORTENED[name](node)
            if value:
                lines.append(name)
            for item in value:
                if isinstance(item, ast.AST):
                    _append(found, item)
                else:
                    lines.append(f"{type(item).__name__} {item!a}")
        else:
            lines.append(f"{name} {type(value).__name__} {value!a}")
            if name in BINDING and not isinstance(node, ast.keyword):
                found.bound.add(value)
    lines.append("end")


def dotted(node: ast.AST) -> Name | None:
    """Give a name with its attributes; None where the attributes are of something else than a name."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else None


def as_written(name: Name, first: str = "Name") -> str:
    """Give the lines of a name as it stands in the code; `first` is put before the name without its attributes."""
    text = f"{first} {name[0]}"
    for attribute in name[1:]:
        text = f"Attribute\nvalue\n{text}\nattr\nstr {attribute!a}\nend"
    return text


def is_for_types(node: ast.If) -> bool:
    """Whether the body is for type checkers alone, and never run."""
    name = dotted(node.test)
    return name is not None and name[-1] == "TYPE_CHECKING"


def without_docstring(node: ast.AST) -> list[ast.AST]:
    """Give the statements of a node's body, less its docstring."""
    body: list[ast.AST] = getattr(node, "body", [])
    if body and isinstance(node, DOCUMENTED) and isinstance(body[0], ast.Expr):
        first = body[0].value
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return body[1:]
    return body


def without_empty_text(node: ast.AST) -> list[ast.AST]:
    """Give the values of a node, less empty texts in a formatted one: Python 3.12 alone has such a text in ``{x:}``."""
    values: list[ast.AST] = getattr(node, "values", [])
    if isinstance(node, ast.JoinedStr):
        return [value for value in values if getattr(value, "value", None) != ""]
    return values


def registry_entries(node: ast.AST) -> tuple[str, ast.Dict] | None:
    """Give the name and the dictionary of a statement that makes a registry; None if it makes none."""
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
        return None
    annotation = node.annotation.value if isinstance(node.annotation, ast.Subscript) else node.annotation
    name = dotted(annotation)
    if name is None or name[-1] != REGISTRY or not isinstance(node.value, ast.Dict):
        return None
    return node.target.id, node.value


def plainly_bound(node: ast.AST, lines: Lines) -> list[str] | None:
    """Return the names that a statement with these lines binds, or None if the statement does anything else, too."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if not isinstance(node, ast.Assign | ast.AnnAssign) or "NamedExpr" in lines.lines:
        return None
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = [each for target in targets for each in ast.walk(target) if not isinstance(each, ast.expr_context)]
    if not all(isinstance(each, ast.Name | ast.Tuple | ast.List | ast.Starred) for each in parts):
        return None
    return [each.id for each in parts if isinstance(each, ast.Name)]


def called(node: ast.AST) -> Iterator[Name]:
    """Give the names of what is called when a statement is evaluated; the bodies of its functions are not."""
    waiting: list[ast.AST] = [node]
    while waiting:
        each = waiting.pop()
        decorators: list[ast.expr] = getattr(each, "decorator_list", [])
        for caller in [*decorators, each.func] if isinstance(each, ast.Call) else decorators:
            name = dotted(caller)
            if name:
                yield name
        if isinstance(each, FUNCTIONS):
            waiting += [*decorators, *each.args.defaults, *filter(None, each.args.kw_defaults)]
        else:
            waiting.extend(ast.iter_child_nodes(each))


# Fields whose values are not counted whole.
SHORTENED = {"body": without_docstring, "values": without_empty_text}


@contextmanager
def without_collector() -> Iterator[None]:
    """Stop Python's garbage collector: syntax trees are many objects and no garbage, and it doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
