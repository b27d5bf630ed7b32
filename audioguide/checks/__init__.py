"""What is wrong: a practice's wording, two versions compared, a finished file, this computer."""
