"""What a run trained, used elsewhere: restored, asked, exported."""
