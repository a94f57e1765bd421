"""Known answers: which estimators of similarity find the networks that were trained alike."""
