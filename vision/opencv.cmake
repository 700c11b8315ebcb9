# Defines lacuna_opencv: OpenCV's core and imgproc. Debian's libopencv-core-dev and
# libopencv-imgproc-dev come without OpenCVConfig.cmake (that is in libopencv-dev, which needs
# hundreds of packages), so the two libraries are looked for by name where there is none.
add_library(lacuna_opencv INTERFACE)
find_package(OpenCV CONFIG QUIET COMPONENTS core imgproc)
if(OpenCV_FOUND)
  target_link_libraries(lacuna_opencv INTERFACE opencv_core opencv_imgproc)
else()
  find_path(LACUNA_OPENCV_INCLUDE_DIR opencv2/imgproc.hpp PATH_SUFFIXES opencv4
    DOC "Folder of opencv2/ (Debian: libopencv-imgproc-dev)" REQUIRED)
  find_library(LACUNA_OPENCV_CORE opencv_core REQUIRED)
  find_library(LACUNA_OPENCV_IMGPROC opencv_imgproc REQUIRED)
  mark_as_advanced(LACUNA_OPENCV_INCLUDE_DIR LACUNA_OPENCV_CORE LACUNA_OPENCV_IMGPROC OpenCV_DIR)
  target_include_directories(lacuna_opencv SYSTEM INTERFACE ${LACUNA_OPENCV_INCLUDE_DIR})
  target_link_libraries(lacuna_opencv INTERFACE ${LACUNA_OPENCV_IMGPROC} ${LACUNA_OPENCV_CORE})
endif()
