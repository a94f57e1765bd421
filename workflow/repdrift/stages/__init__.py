"""The programs that all experiments share. The rules call one program for each step of the workflow."""
