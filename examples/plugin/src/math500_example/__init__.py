"""A prompt, a solver, a grader and a data set for math500."""
