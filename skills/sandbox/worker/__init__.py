"""The code that runs inside a sandbox: standard library only, never imported by the agent's process.

The fork server imports this folder as the top-level package `worker`, so its modules import one another
relatively and nothing else of Fieldcraft. `lockdown` and `seccomp` are also read by the host, to probe what
the machine offers, and `relay`, whose two ends are the same code.
"""
