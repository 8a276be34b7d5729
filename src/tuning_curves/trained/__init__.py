"""What a run trained, used elsewhere: restored, used to predict, exported."""
