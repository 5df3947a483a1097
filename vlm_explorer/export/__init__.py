"""What leaves the program as files: tables, vectors, lists and copies of files, figures. No Qt."""
