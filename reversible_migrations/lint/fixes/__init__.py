"""The fixes, one per file, named by the code of the rule whose findings they mend."""
