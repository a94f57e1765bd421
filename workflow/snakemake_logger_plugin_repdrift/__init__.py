"""The display of repdrift as a logger plugin of Snakemake: ``snakemake --logger repdrift``.

Snakemake imports this package whenever it starts, before it reads the Snakefile, which says where repdrift lies. So
nothing of repdrift is imported here before the first jobs are known.
"""

import logging
import sys
from typing import TYPE_CHECKING

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

if TYPE_CHECKING:
    from repdrift.watch.session import Session


class LogHandler(LogHandlerBase):
    """Shows the run in place of Snakemake's own messages. Snakemake looks for a class of this name."""

    writes_to_file = False
    has_filter = True  # Snakemake's own filter would leave out what a quiet profile does not print.
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self._session: Session | None = None
        self._before: list[logging.LogRecord] = []

    @property
    def writes_to_stream(self) -> bool:
        """Whether the display takes the place of Snakemake's messages. A dry run is only these messages."""
        return not self.common_settings.dryrun

    def emit(self, record: logging.LogRecord) -> None:
        """Show what Snakemake says. Before it has counted its jobs, this is only what ends the run."""
        if self.common_settings.dryrun:
            return
        event = getattr(record, "event", None)
        if self._session is not None:
            self._session.record(record)
        elif event == LogEvent.RUN_INFO:
            from repdrift.watch.session import Session  # noqa: PLC0415

            self._session = Session()
            for each in (*self._before, record):
                self._session.record(each)
        elif event == LogEvent.ERROR or record.levelno >= logging.ERROR or record.getMessage().startswith("Nothing to"):
            print(record.getMessage().strip(), file=sys.stderr, flush=True)
        else:
            self._before.append(record)

    def close(self) -> None:
        """End the display, and print the last lines."""
        session, self._session = self._session, None
        if session is not None:
            session.end()
        super().close()
