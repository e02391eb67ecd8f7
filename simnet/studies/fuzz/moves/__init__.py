"""What those who mean no good can do, each a function of the machine and of what chance draws."""
