"""The command line `batchdeck`."""

from __future__ import annotations

import os
import sys

import click

from batchdeck.commands import account, catalog, data, deploying, jobs, registry, tokens, trying
from batchdeck.exit_codes import ExitCode
from batchdeck.session import program
from batchdeck.version import VERSION

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


@click.group(context_settings=_SETTINGS)
@click.version_option(VERSION, prog_name="batchdeck")
def cli() -> None:
    """Amazon SageMaker batch transform jobs on a Batchdeck server.

    BATCHDECK_URL and BATCHDECK_TOKEN name the server and the token; `login` keeps both in a private file.

    Exit codes: 0 done, 1 error, 2 wrong usage or fields, 3 the job failed, 4 it was stopped, 5 the time is over,
    6 the server does not answer, 7 the token or role does not allow it.
    """


for _command in (
    jobs.submit,
    jobs.preflight,
    jobs.list_jobs,
    jobs.show,
    jobs.watch_job,
    jobs.logs,
    jobs.stop,
    jobs.finish_missing,
    jobs.retry,
    jobs.compare,
    trying.try_first,
    trying.bad_records,
    jobs.whoami,
    data.download,
    data.upload,
    data.convert,
    data.make_bucket,
    catalog.models,
    catalog.presets,
    registry.versions,
    deploying.deploy,
    tokens.tokens,
    account.login,
    account.logout,
    account.completion,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line and end the process."""
    try:
        code = cli.main(prog_name=program(), complete_var="_BATCHDECK_COMPLETE", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        code = ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BrokenPipeError:
        # The reader, such as `head`, has enough. Nothing more can be written, not even at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.DONE
    sys.exit(int(code or 0))


if __name__ == "__main__":
    main()
