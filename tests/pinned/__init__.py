"""What others build upon, as text: the public rooms and the command line.

api.py        every public name with its signature and fields, as a list of lines
commands.py   every command with its arguments and options, as a list of lines
api/, commands/   the same as text, as it was when it was last changed on purpose
"""
