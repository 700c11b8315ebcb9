# cmake -DBINARY=<file> -DFORBIDDEN=<name;name> -P check_links.cmake
# Fails where the program loads a shared library whose name contains one of the names, directly or
# through another library.
foreach(variable BINARY FORBIDDEN)
  if(NOT DEFINED ${variable})
    message(FATAL_ERROR "check_links.cmake: expected -D${variable}=...")
  endif()
endforeach()
execute_process(COMMAND ldd "${BINARY}" OUTPUT_VARIABLE libraries COMMAND_ERROR_IS_FATAL ANY)
if(NOT libraries MATCHES "libstdc")
  message(FATAL_ERROR "ldd ${BINARY} lists no C++ library, so this check saw nothing:\n${libraries}")
endif()
foreach(name IN LISTS FORBIDDEN)
  if(libraries MATCHES "lib${name}[^\n]*")
    message(FATAL_ERROR "${BINARY} loads ${CMAKE_MATCH_0}")
  endif()
endforeach()
