"""One tool call on its way: the ``Execute`` stack and the wrappers it is made of."""
