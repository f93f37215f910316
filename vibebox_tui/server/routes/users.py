"""Users, for admins."""

from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody

from vibebox_tui.protocol.models import CreateUserRequest, UpdateUserRequest, User
from vibebox_tui.server.auth import Action, require
from vibebox_tui.server.routes.arguments import Caller, Id, Server


class UsersController(Controller):
    """`/users`."""

    path = "/users"
    tags = ("users",)

    @get()
    async def list_users(self, backend: Server, identity: Caller) -> list[User]:
        """All users, oldest first."""
        require(identity, Action.MANAGE_USERS)
        return await backend.accounts.users()

    @post()
    async def create(
        self, data: JSONBody[CreateUserRequest], backend: Server, identity: Caller
    ) -> User:
        """Add a user."""
        require(identity, Action.MANAGE_USERS)
        return await backend.accounts.create(data)

    @patch("/{user_id:str}")
    async def update(
        self, user_id: Id, data: JSONBody[UpdateUserRequest], backend: Server, identity: Caller
    ) -> User:
        """Change a user's password or role."""
        require(identity, Action.MANAGE_USERS)
        return await backend.accounts.update(user_id, data)

    @delete("/{user_id:str}", status_code=204)
    async def remove(self, user_id: Id, backend: Server, identity: Caller) -> None:
        """Delete a user, whose connections end."""
        require(identity, Action.MANAGE_USERS)
        await backend.accounts.delete(user_id)
