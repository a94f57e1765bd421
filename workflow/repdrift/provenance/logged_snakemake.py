"""Run Snakemake, and write the jobs that it plans or runs to a file, as a list in JSON.

``python -m repdrift.provenance.logged_snakemake FILE`` reads Snakemake's arguments from its standard input, also as a
list in JSON: the names of all files of a large study are too long for a command line. What Snakemake prints depends on
the user's profile, which may be quiet. What it tells its loggers does not.
"""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from snakemake import cli
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

NAME = "repdrift-jobs"  # the plugin `repdrift` is the display of a run
jobs: list[dict[str, Any]] = []


class LogHandler(LogHandlerBase):
    """Logger plugin that keeps what Snakemake says of each job. Snakemake looks for a class of this name."""

    writes_to_stream = False
    writes_to_file = False
    has_filter = True  # Snakemake's own filter would leave out what a quiet profile does not print.
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a job that Snakemake tells of; ignore all other messages."""
        said = vars(record)
        if said.get("event") == LogEvent.JOB_INFO:
            jobs.append(
                {
                    "rule": said["rule_name"],
                    "wildcards": dict(said["wildcards"]),
                    "input": [str(path) for path in said["input"]],
                    "output": [str(path) for path in said["output"]],
                    "log": [str(path) for path in said["log"]],
                    "reason": said["reason"],
                    "command": said["shellcmd"] or "",
                }
            )


def main() -> None:
    registry = LoggerPluginRegistry()
    registry.register_plugin(f"{registry.module_prefix}{NAME}", sys.modules[__name__])
    try:
        cli.main(["--logger", NAME, *json.load(sys.stdin)])
    finally:
        Path(sys.argv[1]).write_text(json.dumps(jobs), encoding="utf-8")


if __name__ == "__main__":
    main()
