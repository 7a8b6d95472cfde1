# What is installed and exported; filled in with the packages' files.
