"""Lines for tests of the log engine, and strategies that make them."""

from hypothesis import strategies as st

from vibebox_tui.logs.ring import Ring
from vibebox_tui.protocol.messages import LogEntry

WORDS = ["INFO ok", "ERROR boom", "WARN slow status=503", "DEBUG x", "plain", "Status=200 Boom"]
"""Lines of every level, some with fields, some with capitals."""

texts = st.one_of(
    st.sampled_from([*WORDS, "  at frame", "\tat other", "", "Traceback (most recent call last):"]),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n"), max_size=30),
    st.just('{"level":"error","msg":"no boom","status":500}'),
    st.just("\x1b[31mERROR\x1b[0m bo\x1b[1mom"),
)
"""The texts of lines: levels, continuations, fields, colours, anything."""

entry_lists = st.lists(st.tuples(texts, st.booleans()), max_size=60).map(
    lambda pairs: [
        LogEntry("e", "stderr" if stderr else "stdout", text, None, seq)
        for seq, (text, stderr) in enumerate(pairs, 1)
    ]
)


def entries(*messages: str, first: int = 1) -> list[LogEntry]:
    """Entries of stdout with sequence numbers from `first` on, a second apart."""
    return [
        LogEntry("e", "stdout", message, f"2025-10-09T08:00:{seq % 60:02d}.000Z", seq)
        for seq, message in enumerate(messages, first)
    ]


def ring_of(*messages: str) -> Ring:
    """A ring with these lines."""
    ring = Ring()
    ring.append(entries(*messages))
    return ring
