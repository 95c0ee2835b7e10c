"""Training retrievers on labelled queries: an encoder, a query adapter, a classifier."""
