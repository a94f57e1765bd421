# The precision of training. The rules that all experiments share make everything: the trainings are those of the
# variants, and their similarities have the same form as all others.
