"""The command line: thin commands over the program and the ports that it opens.

Exit codes: 0 fine, 1 a negative finding, 2 usage or configuration. Figures go to standard output, everything else
to standard error. What is slow to import is imported inside the commands, so that ``--help`` is quick.
"""
