"""The subcommands of the command `repdrift`: one module for each."""
