"""A folder of prompts in place of the built-in ones, checked as a whole before anything is rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import Template, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError

from fieldcraft.agent.prompts.folder import BadPrompts, read_templates
from fieldcraft.agent.prompts.language import Language, TooMuch
from fieldcraft.agent.prompts.variables import PARTS, VARIABLES, samples
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line

ROLES = ("system", "user")
"""The blocks of a prompt's template, each of which becomes a message."""
BUILT_IN = "built-in/"
"""How a template names the built-in one of its name, or another one."""
DEEP = "it is nested too deep; make it flatter"


class Overrides:
    """The built-in templates and those of a folder, which go before them."""

    def __init__(
        self,
        folder: Path,
        built_in: Mapping[str, str],
        *,
        filters: Mapping[str, Callable[..., Any]],
        finalize: Callable[[object], str],
    ) -> None:
        """Read the folder and check everything in it.

        Args:
            folder: with files called like the built-in templates.
            built_in: the text of the built-in templates by name.
            filters: of the built-in templates.
            finalize: what a template writes of a value.

        Raises:
            BadPrompts: it cannot be read, or a template of it would fail in a run.
        """
        self._folder = folder
        self._own = read_templates(folder)
        self._sources = {
            **{f"{name}.md": text for name, text in built_in.items()},
            **{f"{BUILT_IN}{name}.md": text for name, text in built_in.items()},
            **self._own,
        }
        self._language = Language(self._sources, filters=filters, finalize=finalize)
        try:
            self._trees = {name: self._parsed(name) for name in self._sources}
            for name in self._own:
                self._check_names(name)
            for name in PARTS:
                self._check_variables(name)
            self._chains = {name: self._chain(f"{name}.md") for name in VARIABLES if name not in PARTS}
            for name in self._chains:
                self._check_prompt(name)
        except RecursionError as error:
            raise BadPrompts(f"the prompts in {folder} are nested too deep; make them flatter") from error

    def texts(self, template: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The role and the text of each message of a prompt.

        Raises:
            BadPrompts: the template fails with these values, or makes more than a prompt may be.
        """
        try:
            pages = [self._language.get_template(name) for name in self._chains[template]]
            self._language.begin()
            for role in ROLES:
                yield role, self._block(pages, role, values)
        except Exception as error:
            raise self._failed(template, error) from error

    def _block(self, pages: list[Template], role: str, values: Mapping[str, Any]) -> str:
        page, *parents = pages
        context = page.new_context(dict(values))
        for parent in parents:
            for name, block in parent.blocks.items():
                context.blocks.setdefault(name, []).append(block)
        return self._language.concat(context.blocks[role][0](context))

    def _parsed(self, name: str) -> nodes.Template:
        try:
            return self._language.parse(self._sources[name])
        except TemplateSyntaxError as error:
            raise self._bad(name, error.lineno, str(error.message)) from error
        except (RecursionError, MemoryError) as error:
            raise self._bad(name, 0, DEEP) from error

    def _check_names(self, name: str) -> None:
        """Filters, tests and other templates must be there, also where no sample comes by."""
        tree = self._trees[name]
        for used in tree.find_all((nodes.Filter, nodes.Test)):
            what, known = "test", set(self._language.tests)
            if isinstance(used, nodes.Filter):
                what, known = "filter", set(self._language.filters)
            if used.name not in known:
                raise self._bad(
                    name,
                    used.lineno,
                    f"no {what} {used.name!r}{nearest(used.name, known) or '.'} "
                    f"{what.capitalize()}s: {', '.join(sorted(known))}",
                )
        for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            self._named(name, node)

    def _named(self, name: str, node: Any) -> str:
        """The template that another one includes, imports or extends."""
        wanted = node.template.value if isinstance(node.template, nodes.Const) else None
        if not isinstance(wanted, str):
            raise self._bad(name, node.lineno, "write the name of the other template as a text in quotes")
        if wanted not in self._sources:
            raise self._bad(
                name,
                node.lineno,
                f"no template {wanted!r}{nearest(wanted, self._sources) or '.'} A prompt is made of the "
                f"files of its folder and of the built-in ones (actor.md, {BUILT_IN}actor.md)",
            )
        return wanted

    def _chain(self, name: str) -> list[str]:
        """The template and those that it extends, one after the other."""
        chain = [name]
        while True:
            tree = self._trees[chain[-1]]
            extends = list(tree.find_all(nodes.Extends))
            if not extends:
                return chain
            if len(extends) > 1 or extends[0] not in tree.body:
                raise self._bad(
                    chain[-1], extends[-1].lineno, "extend one template, outside of blocks and ifs"
                )
            parent = self._named(chain[-1], extends[0])
            if parent in chain:
                cure = f"; write '{BUILT_IN}{parent}' for the built-in one" if parent == name else ""
                raise self._bad(chain[-1], extends[0].lineno, f"it extends itself{cure}")
            chain.append(parent)

    def _check_prompt(self, template: str) -> None:
        if not self._reached(f"{template}.md") & self._own.keys():
            return
        self._check_blocks(template)
        self._check_variables(template)
        for values in samples(template):
            for _ in self.texts(template, values):
                pass

    def _check_blocks(self, template: str) -> None:
        """Each file of the chain is made of blocks; the first ones are `system` and `user`."""
        name, *parents = self._chains[template]
        inherited = {block.name for parent in parents for block in self._trees[parent].find_all(nodes.Block)}
        own = {block.name for block in self._trees[name].find_all(nodes.Block)}
        missing = [role for role in ROLES if role not in own | inherited]
        if missing:
            lacks = " and ".join(f"{{% block {role} %}}" for role in missing)
            raise self._bad(
                name, 0, f"it lacks {lacks}; what is left out comes with {{% extends '{BUILT_IN}{name}' %}}"
            )
        for at, node in enumerate(self._trees[name].body):
            if not isinstance(node, nodes.Block | nodes.Extends) and not _is_nothing(node, at):
                raise self._bad(
                    name,
                    _line_of(node),
                    "what stands outside of the blocks system and user is lost; move it into one of them",
                )
            if isinstance(node, nodes.Block) and node.name not in {*ROLES, *inherited}:
                close = nearest(node.name, {*ROLES, *inherited})
                raise self._bad(name, node.lineno, f"no block {node.name!r} here{close}")

    def _check_variables(self, template: str) -> None:
        given = VARIABLES[template]
        for name in sorted(self._reached(f"{template}.md"), key=lambda name: name not in self._own):
            for unknown in sorted(self._variables(name) - given.keys()):
                named = [
                    node.lineno for node in self._trees[name].find_all(nodes.Name) if node.name == unknown
                ]
                prompt = "" if name == f"{template}.md" else f" in the prompt {template}"
                raise self._bad(
                    name,
                    min(named, default=0),
                    f"no variable {unknown!r}{prompt}{nearest(unknown, given) or '.'} "
                    f"Variables here: {', '.join(sorted(given)) or 'none'}",
                )

    def _variables(self, name: str) -> set[str]:
        try:
            return meta.find_undeclared_variables(self._trees[name])
        except TemplateSyntaxError as error:
            raise self._bad(name, error.lineno, str(error.message)) from error

    def _reached(self, name: str) -> set[str]:
        """A template and all that it is made of.

        Raises:
            BadPrompts: it includes itself.
        """
        found: set[str] = set()

        def follow(name: str, above: tuple[str, ...]) -> None:
            found.add(name)
            for node in self._trees[name].find_all(
                (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
            ):
                other = self._named(name, node)
                if other in (*above, name):
                    raise self._bad(name, node.lineno, f"it includes itself, by way of {other}")
                if other not in found:
                    follow(other, (*above, name))

        follow(name, ())
        return found

    def _failed(self, template: str, error: Exception) -> BadPrompts:
        """The error of a template that cannot be rendered, with the line that the traceback leads to."""
        name, line = _place(error.__traceback__, f"{template}.md")
        match error:
            case TemplateSyntaxError():
                name, line, problem = error.name or name, error.lineno, str(error.message)
            case TooMuch():
                problem = f"{error}; write less into it"
            case RecursionError() | MemoryError() | SyntaxError():
                problem = DEEP
            case SecurityError():
                problem = f"a template may not do this: {error}"
            case _:
                problem = f"{type(error).__name__}: {error}"
        return self._bad(name, line, problem)

    def _bad(self, name: str, line: int, problem: str) -> BadPrompts:
        file = (
            str(self._folder / name) if name in self._own else f"the built-in {name.removeprefix(BUILT_IN)}"
        )
        where = f"{file}, line {line}" if line else file
        return BadPrompts(f"prompt {visible_line(where, 300)}: {visible_line(problem, 1_500)}")


def _is_nothing(node: nodes.Node, at: int) -> bool:
    """Whether a part of a template is white space, or the first one, which counts steps."""
    if isinstance(node, nodes.ExprStmt) and at == 0:
        return True
    return isinstance(node, nodes.Output) and all(
        isinstance(part, nodes.TemplateData) and not part.data.strip() for part in node.nodes
    )


def _line_of(node: nodes.Node) -> int:
    """The line of the first thing in a part of a template that is no white space."""
    for part in node.iter_child_nodes() if isinstance(node, nodes.Output) else ():
        if not isinstance(part, nodes.TemplateData):
            return part.lineno
        if part.data.strip():
            before = part.data[: len(part.data) - len(part.data.lstrip())]
            return part.lineno + before.count("\n")
    return node.lineno


def _place(traceback: TracebackType | None, name: str) -> tuple[str, int]:
    """The innermost template that a traceback leads through, and the line there."""
    line = 0
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template) and template.name is not None:
            name, line = template.name, template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return name, line
