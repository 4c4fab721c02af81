"""The backend this product was born from, made runnable to be measured against; its faults are its own."""
