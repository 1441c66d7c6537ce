"""The command line: options in, an audit made, its report printed, an exit code out."""
