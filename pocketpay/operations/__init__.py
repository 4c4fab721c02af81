"""Operations: what those who run the server may ask of it.

Knows every room below; must never move money itself: it asks payments like anybody else.
"""
