# cmake -DLACUNA=<binary> -DEXPECTED=<file> -P check_options.cmake
# The options of every verb are an interface: one that comes, goes or is renamed must also be
# changed in the file, where a reader of the change sees it.
execute_process(COMMAND "${LACUNA}" help --all-options OUTPUT_VARIABLE now
  COMMAND_ERROR_IS_FATAL ANY)
file(READ "${EXPECTED}" expected)
if(now STREQUAL expected)
  return()
endif()
string(REPLACE "\n" ";" now_lines "${now}")
string(REPLACE "\n" ";" expected_lines "${expected}")
set(gone ${expected_lines})
list(REMOVE_ITEM gone ${now_lines})
set(new ${now_lines})
list(REMOVE_ITEM new ${expected_lines})
list(JOIN gone "\n  - " gone)
list(JOIN new "\n  + " new)
message(FATAL_ERROR "the options of lacuna are not those of ${EXPECTED}\n  - ${gone}\n  + ${new}\n"
  "(- is in the file only, + in lacuna only; none of both: the order differs). If that is meant:\n"
  "  ${LACUNA} help --all-options >${EXPECTED}")
