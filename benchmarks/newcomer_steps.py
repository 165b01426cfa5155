"""What a document tells its readers to do: commands and lines of Python out of the Markdown, with what they promise.

    ```sh                   one step for each command
    ```python               one step for all blocks below a heading: a reader has them in one session
    ```console              commands behind `$`, what they promise below them
    ```text                 right behind one of these: what it promises; ... stands for anything

A comment before a block says what is special about it: `<!-- newcomer: long -->` leaves it out of a short round,
`<!-- newcomer: board -->` and the like say what it would need: it is not done. A command in the prose that begins like
one of the steps and has ARGS is the shorter form of that step, which a short round takes.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

COMMENT = re.compile(r"<!-- newcomer: (.+?) -->")
LONG = "long"
HOURS = ("make test",)
"""Commands that a short round leaves out without being told: they run everything."""


@dataclass(frozen=True)
class Step:
    """Something to do.

    Attributes:
        document: that tells it.
        line: of the document where it begins.
        language: sh or python.
        code: a command, or lines of Python.
        promised: lines that must appear, in this order.
        special: what the comment before it says.
    """

    document: str
    line: int
    language: str
    code: str
    promised: tuple[str, ...] = ()
    special: str = ""

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.code.splitlines()[0]}"


@dataclass
class _Reader:
    document: str
    steps: list[Step] = field(default_factory=list)
    special: str = ""
    section: int = 0
    python_in: int = -1
    follows: bool = False  # whether the block before was a step

    def block(self, token: Token) -> None:
        language, _, _ = token.info.strip().partition(" ")
        line = (token.map or [0])[0] + 2  # counted from 1, and the code begins below the fence
        special, self.special = self.special, ""
        if language == "text":
            if self.follows:
                self._promise(token.content.splitlines())
            self.follows = False
            return
        self.follows = language in ("sh", "bash", "python", "console")
        if language in ("sh", "bash"):
            for offset, command in commands(token.content):
                self.steps.append(Step(self.document, line + offset, "sh", command, special=special))
        elif language == "console":
            self._console(line, token.content, special)
        elif language == "python":
            self._python(line, token.content, special)

    def _promise(self, lines: list[str]) -> None:
        last = self.steps[-1]
        self.steps[-1] = replace(last, promised=(*last.promised, *(line for line in lines if line.strip())))

    def _console(self, line: int, text: str, special: str) -> None:
        for offset, words in enumerate(text.splitlines()):
            if words.startswith("$ "):
                command = _without_comment(words[2:])
                self.steps.append(Step(self.document, line + offset, "sh", command, special=special))
            elif words.strip():
                self._promise([words])

    def _python(self, line: int, code: str, special: str) -> None:
        last = self.steps[-1] if self.steps else None
        if last and last.language == "python" and self.python_in == self.section and last.special == special:
            self.steps[-1] = replace(last, code=last.code + code)
        else:
            self.steps.append(Step(self.document, line, "python", code, special=special))
        self.python_in = self.section


def steps(document: str, markdown: str) -> list[Step]:
    """All steps of a document, in order."""
    reader = _Reader(document)
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type == "heading_open":
            reader.section += 1
        if token.type == "fence":
            reader.block(token)
        elif token.type == "html_block" and (found := COMMENT.search(token.content)):
            reader.special = found.group(1)
        elif token.type == "inline":
            reader.special, reader.follows = "", False
    return reader.steps


def commands(block: str) -> list[tuple[int, str]]:
    """Commands of a block of sh with the line they begin on: no comments, lines that end in a backslash joined."""
    found: list[tuple[int, str]] = []
    pending, start = "", 0
    for number, line in enumerate(block.splitlines()):
        start = start if pending else number
        pending += line
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        if words := _without_comment(pending):
            found.append((start, words))
        pending = ""
    return found


def _without_comment(line: str) -> str:
    """A line of sh up to its comment: a hash behind a space, outside quotes."""
    for place in (match.start() for match in re.finditer(r"(?:^|(?<=\s))#", line)):
        try:
            shlex.split(line[:place])
        except ValueError:  # a quote is open here
            continue
        return line[:place].strip()
    return line.strip()


def once(planned: list[Step]) -> list[Step]:
    """Without commands that an earlier step was: who has come from another page does not do them again."""
    return [step for number, step in enumerate(planned) if all(step.code != before.code for before in planned[:number])]


def short(planned: list[Step], markdown: dict[str, str]) -> list[Step]:
    """The steps of a short round: without long ones, and in the shorter form where their document names one."""
    chosen: list[Step] = []
    for step in planned:
        if step.special == LONG or step.code in HOURS:
            continue
        shorter = re.findall(rf"`({re.escape(step.code)} ARGS=[^`]+)`", markdown[step.document])
        chosen.append(replace(step, code=shorter[0]) if shorter and step.language == "sh" else step)
    return chosen


def doable(step: Step) -> bool:
    """Whether it needs no more than a computer."""
    return step.special in ("", LONG)


def missing(promised: tuple[str, ...], output: str) -> str | None:
    """The first promised line that the output does not hold behind those before it; None: all are there."""
    position = 0
    text = _spaced(output)
    for line in promised:
        pattern = ".*?".join(re.escape(_spaced(part)) for part in line.split("..."))
        found = re.compile(pattern).search(text, position)
        if found is None:
            return line
        position = found.end()
    return None


def _spaced(text: str) -> str:
    """One space where there are several."""
    return re.sub(r"[ \t]+", " ", text)


def links(markdown: str) -> list[str]:
    """Targets of the links of a document that are files, without what is behind a hash."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        for child in token.children or ():
            target = child.attrGet("href" if child.type == "link_open" else "src") if child.type in (
                "link_open", "image") else None
            if target and not re.match(r"[a-z][a-z+.-]*:", str(target)):
                found.append(str(target).partition("#")[0])
    return [target for target in found if target]
