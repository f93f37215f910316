"""How severe a line is, recognised in the forms that loggers commonly write."""

import re
from enum import IntEnum
from typing import Final

HEAD_CHARACTERS: Final = 240
"""How far into a line a level is looked for: what stands behind is the message, not its head."""


class Level(IntEnum):
    """The severity of a line, from the least; UNKNOWN where it doesn't say."""

    UNKNOWN = 0
    TRACE = 1
    DEBUG = 2
    INFO = 3
    WARN = 4
    ERROR = 5
    FATAL = 6

    @property
    def rank(self) -> int:
        """Its place among the others, where a line that doesn't say counts as INFO."""
        return self or Level.INFO


_WORDS: Final = {
    Level.TRACE: "trace trc vrb verbose finest finer silly",
    Level.DEBUG: "debug dbg debg fine",
    Level.INFO: "info inf information informational notice log config success",
    Level.WARN: "warn warning wrn",
    Level.ERROR: "error err erro severe eror fail",
    Level.FATAL: "fatal ftl critical crit crt panic emerg emergency alert dpanic",
}

BY_WORD: Final = {word: level for level, words in _WORDS.items() for word in words.split()}
"""Every word that names a level, in lower case."""

_BY_CAPITALS: Final = {word.upper(): level for word, level in BY_WORD.items()}

_BY_LETTER: Final = {
    **{"T": Level.TRACE, "V": Level.TRACE, "D": Level.DEBUG, "I": Level.INFO, "N": Level.INFO},
    **{"W": Level.WARN, "E": Level.ERROR, "F": Level.FATAL, "C": Level.FATAL},
}
_BY_REDIS_SIGN: Final = {".": Level.DEBUG, "-": Level.INFO, "*": Level.INFO, "#": Level.WARN}
_BY_SYSLOG_SEVERITY: Final = (
    *(Level.FATAL, Level.FATAL, Level.FATAL, Level.ERROR),
    *(Level.WARN, Level.INFO, Level.INFO, Level.DEBUG),
)

_ESCAPES = re.compile(r"\x1b\[[0-9;:]*m")

_JSON_LEVEL = re.compile(
    r'"(?:[Ll]evel|[Ss]everity|lvl|level_?name|[Ll]og[Ll]evel|log\.level|@l|@level|severityText|s)"'
    r'\s*:\s*(?:"([A-Za-z]+)\d?"|(\d+))'
)
_START = re.compile(
    r"<(?P<priority>\d{1,3})>"
    r"|(?P<glog>[IWEF])\d{4} \d\d:\d\d:\d\d"
    r"|\d+:[XCSM] \d\d \w{3} [\d :.]+(?P<redis>[.\-*#]) "
    r"|\[(?P<bracketed>[TVDIWEF])[\] ]"
    r"|(?P<letter>[TVDIWEF])/"
    r"|\d[\d\-T:.,/ ]*Z?[ \t]+\[?(?P<stamped>[TVDIWEF])\]?[ /:]"
)
_CAPITALS = re.compile(
    r"([TDINWESCFPAVL](?<![\w/\-].)"
    r"(?:RACE|RC|EBUG|BG|NFO|NF|OTICE|ARN|RN|RR|MERG|EVERE|RIT|ATAL|TL|ANIC|LERT|RB|OG(?=: ))"
    r"[A-Z]*)(?![\w/\-])"
)
"""A level's word by itself: not within a name or a path, as in `ERR_IO`, `/var/log/ERROR`. It
begins with the set of letters that a word may begin with: what is none is passed over fast."""
_LOGFMT = re.compile(r"(?:level|lvl|severity)=[\"']?([A-Za-z]+)")
_BRACKETED = re.compile(r"[\[(|<]\s?([A-Za-z]{3,13})\s?[\])|>:]")
_SPOKEN = re.compile(
    r"([EeWwFfPpDdIiCc](?<!\w.)(?:rror|arning|atal|anic|ebug|nfo|ritical))(?:: |:$)"
)
_EXCEPTION = re.compile(r"(?:Error|Exception)(?::|$| in thread | \[)")

_TRACE = (
    *("Traceback (most recent call last):", "panic: ", "Exception in thread ", "goroutine "),
    *("thread '", "error["),  # a panic of Rust, an error of its compiler
)
_ACCESS = re.compile(r'"[A-Z]{3,7} [^"]*" (\d)\d\d ')


def recognise(line: str) -> Level:
    """Say how severe `line` is; escape sequences in it don't matter.

    Read are, in this order: JSON (`level`, `severity` …, by word or by pino's numbers), the marks
    of syslog, glog and redis and a single letter at its start, a level's word in capitals, in
    brackets or as logfmt, an access log's status, and at last `error:` and the like in prose.
    """
    if "\x1b" in line:
        line = _ESCAPES.sub("", line[: 2 * HEAD_CHARACTERS])
    if line[:1] == "{":
        return _of_json(line)
    if start := _START.match(line):
        return _of_start(start)
    for word in _CAPITALS.finditer(line, 0, HEAD_CHARACTERS):
        if level := _BY_CAPITALS.get(word[1]):
            return level
    return _of_structure(line) or _of_prose(line)


def _of_json(line: str) -> Level:
    found = _JSON_LEVEL.search(line)
    if found is None:
        return Level.UNKNOWN
    if word := found[1]:
        return BY_WORD.get(word.lower(), _BY_LETTER.get(word, Level.UNKNOWN))
    return _of_number(int(found[2]))


def _of_number(number: int) -> Level:
    """Levels by number: 10 to 60 as bunyan and pino have it, 0 to 7 as syslog does."""
    if number < len(_BY_SYSLOG_SEVERITY):
        return _BY_SYSLOG_SEVERITY[number]
    return Level(min(max(number // 10, Level.TRACE), Level.FATAL))


def _of_start(start: re.Match[str]) -> Level:
    if priority := start["priority"]:
        return _BY_SYSLOG_SEVERITY[int(priority) & 7]
    if sign := start["redis"]:
        return _BY_REDIS_SIGN[sign]
    return _BY_LETTER[start["glog"] or start["bracketed"] or start["letter"] or start["stamped"]]


def _of_structure(line: str) -> Level:
    """The level that logfmt, brackets or an access log's status tell."""
    if "=" in line and (pair := _LOGFMT.search(line, 0, HEAD_CHARACTERS)):
        return BY_WORD.get(pair[1].lower(), Level.UNKNOWN)
    for bracketed in _BRACKETED.finditer(line, 0, HEAD_CHARACTERS):
        if level := BY_WORD.get(bracketed[1].lower()):
            return level
    if '" ' in line and (access := _ACCESS.search(line, 0, 2 * HEAD_CHARACTERS)):
        return {"5": Level.ERROR, "4": Level.WARN}.get(access[1], Level.INFO)
    return Level.UNKNOWN


def _of_prose(line: str) -> Level:
    if line.startswith(_TRACE):
        return Level.ERROR
    if ":" not in line:
        return Level.UNKNOWN
    if spoken := _SPOKEN.search(line, 0, HEAD_CHARACTERS):
        return BY_WORD[spoken[1].lower()]
    if _EXCEPTION.search(line, 0, HEAD_CHARACTERS):
        return Level.ERROR
    return Level.UNKNOWN
