"""The lutdla IP in MyHDL."""
