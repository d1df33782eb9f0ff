"""Studies of inference with the wrong model: what is learnt when the learner is mistaken about its source."""
