"""The experiment on what linear probes can read from layers before and after fine-tuning."""
