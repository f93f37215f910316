"""`vibebox completion`: what makes a shell complete our commands and options."""

import click
from click.shell_completion import get_completion_class

_SHELLS = ["bash", "zsh", "fish"]


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what completes `vibebox` in SHELL.

    \b
    bash:  eval "$(vibebox completion bash)"      in ~/.bashrc
    zsh:   eval "$(vibebox completion zsh)"       in ~/.zshrc
    fish:  vibebox completion fish | source       in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    root = context.find_root().command
    click.echo(kind(root, {}, "vibebox", "_VIBEBOX_COMPLETE").source())
