"""What every service stands on: the context of a call, the principal behind it, the base class."""
