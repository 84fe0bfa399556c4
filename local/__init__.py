"""The real servers, PostgreSQL and Temporal, that run beside Kawal on one machine.

They serve `kawal dev`, the simulation and the tests. They listen on the loopback address only, keep everything in
one folder, and end with the process that started them.
"""
