"""Finding the few among the thousands: documents, embedding, index, fusion."""
