"""The processes of the system: what each one connects, and how it ends. What they compute is the core's."""
