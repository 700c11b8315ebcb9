# cmake --install: binaries, the default models and the public headers.
#   bin/lacuna, bin/lacuna-train, include/lacuna/<folder>/..., share/lacuna/models/<name>/...
# An installed lacuna finds its model at ../share/lacuna/models beside its own executable.

include(GNUInstallDirs)
set(LACUNA_MODELS_INSTALL_DIR "${CMAKE_INSTALL_DATADIR}/lacuna/models")

foreach(target lacuna lacuna-train)
  if(TARGET ${target})
    install(TARGETS ${target} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endforeach()

foreach(folder text vision fusion runtime)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/lacuna" FILES_MATCHING PATTERN "*.h")
endforeach()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/models/" DESTINATION "${LACUNA_MODELS_INSTALL_DIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/lacuna")
