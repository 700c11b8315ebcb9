# cmake -DMODULE=<file.spv> -P embed_shader.cmake: writes <file.spv>.inc, the module as 32-bit words for C++.
file(READ "${MODULE}" hex HEX)
string(REGEX REPLACE "(..)(..)(..)(..)" "0x\\4\\3\\2\\1," words "${hex}")
string(REGEX REPLACE "(0x........,0x........,0x........,0x........,0x........,0x........,0x........,0x........,)" "\\1\n"
  words "${words}")
file(WRITE "${MODULE}.inc" "${words}\n")
