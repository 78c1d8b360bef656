# Freezes the whole package; a board's own manifest includes this one.
package("enroll", opt=2)
