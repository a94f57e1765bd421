"""The plan of a study: its experiments put together, the checks of its config, and the specs of its jobs."""
