"""What runs in the warm parent and its forks, in the order of their lives: `loop` is the parent, `supervisor` watches
over one program, `child` becomes it.

Decision: the server itself never forks. It hands an `Order` to a small, single-threaded parent process that has
imported what programs need, and the parent forks. One supervisor process for each program then owns everything about
it: sandbox, limits, signals, the end. A supervisor hears from the server over a socket of its own; when that breaks,
the server has died, and the supervisor ends its program. Nothing here imports anything outside the standard library but
its siblings, because a parent may run another Python with other packages than the server's.
"""
