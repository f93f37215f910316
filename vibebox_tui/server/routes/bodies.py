"""The bodies of requests: JSON, and no more of it than can be looked at."""

from typing import Any, Final

from litestar import Request
from litestar.exceptions import ClientException

MAX_DEPTH: Final = 32
"""Levels of a body; what is nested deeper, nobody means."""


class JsonRequest(Request[Any, Any, Any]):
    """A request whose body is refused where it is no JSON, instead of failing."""

    async def json(self) -> Any:
        """The body. Raises ClientException."""
        try:
            content = await super().json()
        except UnicodeDecodeError as error:
            raise ClientException("the body is not UTF-8") from error
        except RecursionError as error:
            raise _too_deep() from error
        if content is None and not await self.body():
            raise ClientException("the body is empty: it must be JSON")
        if _is_deeper(content, MAX_DEPTH):
            raise _too_deep()
        return content


def _too_deep() -> ClientException:
    return ClientException(f"the body is nested deeper than {MAX_DEPTH} levels")


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(not levels or _is_deeper(each, levels - 1) for each in inner)
